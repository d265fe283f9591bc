// Eigen as Debian ships it, unchanged.
#include <Eigen/Eigenvalues>
#include <Eigen/LU>

using Eigen::Dynamic;
using Eigen::Index;
using Matrix = Eigen::Matrix<double, Dynamic, Dynamic, Eigen::RowMajor>;
using In = Eigen::Map<const Matrix>;
using Out = Eigen::Map<Matrix>;
using InVector = Eigen::Map<const Eigen::VectorXd>;
using OutVector = Eigen::Map<Eigen::VectorXd>;

extern "C" {

int solve(const double *a, const double *b, double *x, std::int64_t n) {
  Eigen::FullPivLU<Matrix> lu(In(a, n, n));
  if (!lu.isInvertible()) return 1;
  OutVector(x, n) = lu.solve(InVector(b, n));
  return 0;
}

int eigenvalues(const double *a, double *values, std::int64_t n) {
  Eigen::SelfAdjointEigenSolver<Matrix> solver(In(a, n, n), Eigen::EigenvaluesOnly);
  OutVector(values, n) = solver.eigenvalues();
  return solver.info() == Eigen::Success ? 0 : 2;
}

void product(const double *a, const double *b, double *c, std::int64_t m, std::int64_t k, std::int64_t n) {
  Out(c, m, n).noalias() = In(a, m, k) * In(b, k, n);
}
}
