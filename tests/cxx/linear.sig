# The solution of a x = b.
solve(a: f64[n, n], b: f64[n], x: out f64[n], n: i64) -> status
    status 1 the matrix is singular

# Those of a symmetric matrix, ascending.
eigenvalues(a: f64[n, n], values: out f64[n], n: i64) -> status
    status 2 no convergence

product(a: f64[m, k], b: f64[k, n], c: out f64[m, n], m: i64, k: i64, n: i64)
