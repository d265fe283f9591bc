/* The peer of the benchmarks: the twelve kernels and the small functions as a hand-written C extension, METH_FASTCALL and the buffer
   protocol, keeping the interpreter's lock. It checks what a careful author would check: format, contiguity, writability, lengths. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../kernels/kernels.c"
#include "calls.c"

typedef struct { Py_buffer views[4]; int count; } Views;

static void release(Views *v) {
    while (v->count > 0)
        PyBuffer_Release(&v->views[--v->count]);
}

static void *array(Views *v, PyObject *object, const char *name, const char *formats, int rank, int writable) {
    Py_buffer *view = &v->views[v->count];
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) < 0)
        return NULL;
    v->count++;
    if (view->ndim != rank || !view->format || view->format[0] == 0 || view->format[1] != 0 || !strchr(formats, view->format[0])) {
        PyErr_Format(PyExc_TypeError, "%s: expected %d dimensions of '%s'", name, rank, formats);
        return NULL;
    }
    return view->buf;
}

static int count(Py_ssize_t found, Py_ssize_t expected, const char *name) {
    if (found == expected)
        return 1;
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, expected, found);
    return 0;
}

static int same(Py_ssize_t a, Py_ssize_t b) {
    if (a == b)
        return 1;
    PyErr_Format(PyExc_ValueError, "shapes differ: %zd and %zd", a, b);
    return 0;
}

#define FUNCTION(name) static PyObject *py_##name(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
#define BEGIN(name, n) \
    Views v = {.count = 0}; \
    PyObject *result = NULL; \
    if (!count(nargs, n, #name)) \
        return NULL;
#define ARRAY(var, type, index, formats, rank, writable) \
    type *var = array(&v, args[index], #var, formats, rank, writable); \
    if (!var) \
        goto out;
#define SHAPE(index, axis) (v.views[index].shape[axis])
#define SAME(a, b) \
    if (!same(a, b)) \
        goto out;
#define DOUBLE(var, index) \
    double var = PyFloat_AsDouble(args[index]); \
    if (var == -1.0 && PyErr_Occurred()) \
        goto out;
#define LONG(var, index) \
    long var = PyLong_AsLong(args[index]); \
    if (var == -1 && PyErr_Occurred()) \
        goto out;
#define END(value) \
    result = value; \
out: \
    release(&v); \
    return result;

FUNCTION(nothing) { BEGIN(nothing, 0) nothing(); END(Py_NewRef(Py_None)) }
FUNCTION(scale) { BEGIN(scale, 2) DOUBLE(x, 0) DOUBLE(y, 1) END(PyFloat_FromDouble(scale(x, y))) }
FUNCTION(sum8) {
    BEGIN(sum8, 8)
    DOUBLE(a, 0) DOUBLE(b, 1) DOUBLE(c, 2) DOUBLE(d, 3) DOUBLE(e, 4) DOUBLE(f, 5) DOUBLE(g, 6) DOUBLE(h, 7)
    END(PyFloat_FromDouble(sum8(a, b, c, d, e, f, g, h)))
}
/* Keywords as an author writes them who counts nanoseconds: names interned once and found by identity first. */
static PyObject *name_x, *name_y;

static int keyword(PyObject *name, PyObject *interned, const char *text) {
    return name == interned || PyUnicode_CompareWithASCIIString(name, text) == 0;
}

static PyObject *py_scale_by_name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
    PyObject *given[2] = {NULL, NULL};
    Py_ssize_t named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    if (nargs + named != 2)
        return PyErr_Format(PyExc_TypeError, "scale_by_name() takes 2 arguments (%zd given)", nargs + named);
    for (Py_ssize_t i = 0; i < nargs; i++)
        given[i] = args[i];
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, i);
        int place = keyword(name, name_x, "x") ? 0 : keyword(name, name_y, "y") ? 1 : -1;
        if (place < 0 || given[place])
            return PyErr_Format(PyExc_TypeError, "scale_by_name(): unexpected or repeated argument '%U'", name);
        given[place] = args[nargs + i];
    }
    double x = PyFloat_AsDouble(given[0]);
    if (x == -1.0 && PyErr_Occurred())
        return NULL;
    double y = PyFloat_AsDouble(given[1]);
    if (y == -1.0 && PyErr_Occurred())
        return NULL;
    return PyFloat_FromDouble(scale(x, y));
}

FUNCTION(dot) {
    BEGIN(dot, 2)
    ARRAY(a, double, 0, "d", 1, 0) ARRAY(b, double, 1, "d", 1, 0) SAME(SHAPE(0, 0), SHAPE(1, 0))
    END(PyFloat_FromDouble(dot(a, b, (size_t)SHAPE(0, 0))))
}
FUNCTION(axpy) {
    BEGIN(axpy, 3)
    DOUBLE(alpha, 0) ARRAY(x, double, 1, "d", 1, 0) ARRAY(y, double, 2, "d", 1, 1) SAME(SHAPE(0, 0), SHAPE(1, 0))
    axpy(alpha, x, y, (size_t)SHAPE(0, 0));
    END(Py_NewRef(Py_None))
}
FUNCTION(matmul) {
    BEGIN(matmul, 3)
    ARRAY(a, float, 0, "f", 2, 0) ARRAY(b, float, 1, "f", 2, 0) ARRAY(c, float, 2, "f", 2, 1)
    SAME(SHAPE(0, 1), SHAPE(1, 0)) SAME(SHAPE(0, 0), SHAPE(2, 0)) SAME(SHAPE(1, 1), SHAPE(2, 1))
    matmul(a, b, c, (size_t)SHAPE(0, 0), (size_t)SHAPE(0, 1), (size_t)SHAPE(1, 1));
    END(Py_NewRef(Py_None))
}
FUNCTION(mandelbrot) {
    BEGIN(mandelbrot, 5)
    ARRAY(counts, int32_t, 0, "i", 2, 1) DOUBLE(x0, 1) DOUBLE(y0, 2) DOUBLE(step, 3) LONG(limit, 4)
    mandelbrot(counts, (size_t)SHAPE(0, 0), (size_t)SHAPE(0, 1), x0, y0, step, (int32_t)limit);
    END(Py_NewRef(Py_None))
}
FUNCTION(sieve) {
    BEGIN(sieve, 1)
    ARRAY(prime, uint8_t, 0, "B", 1, 1)
    END(PyLong_FromLongLong(sieve(prime, (size_t)SHAPE(0, 0))))
}
FUNCTION(blur) {
    BEGIN(blur, 2)
    ARRAY(in, float, 0, "f", 2, 0) ARRAY(out_, float, 1, "f", 2, 1) SAME(SHAPE(0, 0), SHAPE(1, 0)) SAME(SHAPE(0, 1), SHAPE(1, 1))
    blur(in, out_, (size_t)SHAPE(0, 0), (size_t)SHAPE(0, 1));
    END(Py_NewRef(Py_None))
}
FUNCTION(histogram) {
    BEGIN(histogram, 2)
    ARRAY(values, uint8_t, 0, "B", 1, 0) ARRAY(counts, uint32_t, 1, "I", 1, 1) SAME(SHAPE(1, 0), 256)
    histogram(values, (size_t)SHAPE(0, 0), counts);
    END(Py_NewRef(Py_None))
}
FUNCTION(polynomial) {
    BEGIN(polynomial, 3)
    ARRAY(c, double, 0, "d", 1, 0) ARRAY(x, double, 1, "d", 1, 0) ARRAY(y, double, 2, "d", 1, 1) SAME(SHAPE(1, 0), SHAPE(2, 0))
    polynomial(c, (size_t)SHAPE(0, 0), x, y, (size_t)SHAPE(1, 0));
    END(Py_NewRef(Py_None))
}
FUNCTION(popcount) {
    BEGIN(popcount, 1)
    ARRAY(words, uint64_t, 0, "LQ", 1, 0)
    END(PyLong_FromUnsignedLongLong(popcount(words, (size_t)SHAPE(0, 0))))
}
FUNCTION(cumsum) {
    BEGIN(cumsum, 2)
    ARRAY(in, int64_t, 0, "lq", 1, 0) ARRAY(out_, int64_t, 1, "lq", 1, 1) SAME(SHAPE(0, 0), SHAPE(1, 0))
    cumsum(in, out_, (size_t)SHAPE(0, 0));
    END(Py_NewRef(Py_None))
}
FUNCTION(distances) {
    BEGIN(distances, 3)
    ARRAY(points, float, 0, "f", 2, 0) ARRAY(query, float, 1, "f", 1, 0) ARRAY(out_, float, 2, "f", 1, 1)
    SAME(SHAPE(0, 1), SHAPE(1, 0)) SAME(SHAPE(0, 0), SHAPE(2, 0))
    distances(points, (size_t)SHAPE(0, 0), (size_t)SHAPE(0, 1), query, out_);
    END(Py_NewRef(Py_None))
}
FUNCTION(blend) {
    BEGIN(blend, 4)
    ARRAY(a, uint8_t, 0, "B", 1, 0) ARRAY(b, uint8_t, 1, "B", 1, 0) ARRAY(out_, uint8_t, 2, "B", 1, 1) LONG(alpha, 3)
    SAME(SHAPE(0, 0), SHAPE(1, 0)) SAME(SHAPE(0, 0), SHAPE(2, 0))
    blend(a, b, out_, (size_t)SHAPE(0, 0), (uint8_t)alpha);
    END(Py_NewRef(Py_None))
}

#define METHOD(name) {#name, (PyCFunction)(void (*)(void))py_##name, METH_FASTCALL, #name}
static PyMethodDef methods[] = {
    METHOD(nothing), METHOD(scale), METHOD(sum8),
    METHOD(dot), METHOD(axpy), METHOD(matmul), METHOD(mandelbrot), METHOD(sieve), METHOD(blur), METHOD(histogram),
    METHOD(polynomial), METHOD(popcount), METHOD(cumsum), METHOD(distances), METHOD(blend),
    {"scale_by_name", (PyCFunction)(void (*)(void))py_scale_by_name, METH_FASTCALL | METH_KEYWORDS, "scale"}, {NULL},
};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "peer", NULL, 0, methods};
PyMODINIT_FUNC PyInit_peer(void) {
    name_x = PyUnicode_InternFromString("x");
    name_y = PyUnicode_InternFromString("y");
    return PyModuleDef_Init(&definition);
}
