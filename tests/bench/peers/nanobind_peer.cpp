/* The call table's functions by nanobind, keeping the interpreter's lock; arrays are taken as they are or refused. */
#include "functions.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

namespace nb = nanobind;
using namespace nb::literals;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

static double checked_dot(const Doubles &a, const Doubles &b) {
    if (a.shape(0) != b.shape(0))
        throw nb::value_error("shapes differ");
    return dot(a.data(), b.data(), a.shape(0));
}

NB_MODULE(nanobind_peer, module) {
    module.def("nothing", &nothing);
    module.def("scale", &scale, "x"_a, "y"_a);
    module.def("sum8", &sum8);
    module.def("dot", &checked_dot, nb::arg("a").noconvert(), nb::arg("b").noconvert());
}
