// C++ as numeric code uses it: each function needs another part of what stands behind headers.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numbers>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <unordered_map>
#include <valarray>
#include <vector>

namespace {

template <class T> T norm(std::span<const T> values) {
  return std::sqrt(std::transform_reduce(values.begin(), values.end(), T{}, std::plus<>(), [](T x) { return x * x; }));
}

struct Shape {
  virtual double area() const = 0;
  virtual ~Shape() = default;
};

struct Square final : Shape {
  double side;
  explicit Square(double side) : side(side) {}
  double area() const override { return side * side; }
};

struct Circle final : Shape {
  double radius;
  explicit Circle(double radius) : radius(radius) {}
  double area() const override { return std::numbers::pi * radius * radius; }
};

// Wider than what malloc aligns to.
struct alignas(128) Lane {
  double values[16];
};

std::atomic<int> tables{0};

const std::vector<double> &squares() {
  static const std::vector<double> table = [] {
    tables += 1;
    std::vector<double> made(1000);
    std::iota(made.begin(), made.end(), 0.0);
    for (double &x : made) x *= x;
    return made;
  }();
  return table;
}

} // namespace

extern "C" {

double norm_f64(const double *x, std::size_t n) { return norm(std::span(x, n)); }
float norm_f32(const float *x, std::size_t n) { return norm(std::span(x, n)); }

double area(double size, bool round) {
  std::unique_ptr<Shape> shape;
  if (round)
    shape = std::make_unique<Circle>(size);
  else
    shape = std::make_unique<Square>(size);
  return shape->area();
}

double median(const double *x, std::size_t n) {
  std::vector<double> copy(x, x + n);
  std::nth_element(copy.begin(), copy.begin() + n / 2, copy.end());
  return copy[n / 2];
}

void sorted(const double *x, double *y, std::size_t n) {
  std::copy(x, x + n, y);
  std::sort(y, y + n);
}

void sorted_i64(const std::int64_t *x, std::int64_t *y, std::size_t n) {
  std::copy(x, x + n, y);
  std::sort(y, y + n, std::greater<>());
}

void ranks(const double *x, std::int64_t *y, std::size_t n) {
  std::iota(y, y + n, 0);
  std::stable_sort(y, y + n, [x](std::int64_t a, std::int64_t b) { return x[a] < x[b]; });
}

std::int64_t most_frequent(const std::int64_t *x, std::size_t n) {
  std::unordered_map<std::int64_t, std::size_t> counts;
  for (std::size_t i = 0; i < n; i++) counts[x[i]]++;
  std::map<std::size_t, std::int64_t> by_count;
  for (auto [value, count] : counts) by_count[count] = value;
  return by_count.empty() ? -1 : by_count.rbegin()->second;
}

double shared(double x) {
  auto first = std::make_shared<std::vector<double>>(10, x);
  std::weak_ptr<std::vector<double>> weak = first;
  auto second = first;
  first.reset();
  double sum = std::accumulate(weak.lock()->begin(), weak.lock()->end(), 0.0);
  second.reset();
  return weak.expired() ? sum : -1;
}

double strided(const double *x, std::size_t n) {
  std::valarray<double> values(x, n);
  std::valarray<double> even = values[std::slice(0, n / 2, 2)];
  std::valarray<double> corner = values[std::gslice(0, {2, 2}, {n / 2, 1})];
  return (even * even).sum() + corner.sum();
}

std::size_t digits(std::uint64_t x, int times) {
  std::string text;
  for (int i = 0; i < times; i++) text += std::string(1 + x % 10, static_cast<char>('0' + x % 10)) + "," + text.substr(0, 3);
  return text.size() + text.find(',');
}

double normal(std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> normal(1.0, 2.0);
  double sum = 0;
  for (int i = 0; i < 100; i++) sum += normal(engine);
  return sum;
}

double bound(double x, int which) {
  std::array<std::function<double(double)>, 3> functions{[](double y) { return y + 1; }, [x](double y) { return x * y; }, nullptr};
  const auto &chosen = functions.at(which);
  return chosen ? chosen(3) : std::optional<double>().value_or(-1);
}

double modulus(double re, double im) { return std::abs(std::exp(std::complex<double>(re, im)) / std::complex<double>(1, 2)); }

double lanes(std::size_t n) {
  std::vector<Lane> all(n);
  for (auto &lane : all)
    if (std::bit_cast<std::uintptr_t>(&lane) % alignof(Lane)) return -1;
  auto *none = new (std::nothrow) Lane[n ? 1 : 1];
  bool there = none;
  delete[] none;
  return there ? static_cast<double>(all.size()) : -2;
}

// How often the table was made, after it was read.
int made_once(std::size_t i) { return squares().at(i) == static_cast<double>(i * i) ? tables.load() : -1; }
}
