/* The call table's functions by pybind11, keeping the interpreter's lock; arrays are taken as they are or refused. */
#include "functions.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;
using Doubles = py::array_t<double, py::array::c_style>;

static double checked_dot(const Doubles &a, const Doubles &b) {
    if (a.ndim() != 1 || b.ndim() != 1 || a.shape(0) != b.shape(0))
        throw py::value_error("shapes differ");
    return dot(a.data(), b.data(), (size_t)a.shape(0));
}

PYBIND11_MODULE(pybind11_peer, module) {
    module.def("nothing", &nothing);
    module.def("scale", &scale, py::arg("x"), py::arg("y"));
    module.def("sum8", &sum8);
    module.def("dot", &checked_dot, py::arg("a").noconvert(), py::arg("b").noconvert());
}
