#include "masktwins/joined_tensors.h"

#include "tensor/check.h"

namespace masktwins {
namespace {

Shape with_rows(Shape shape, int64_t rows) {
  shape[0] = rows;
  return shape;
}

bool joinable(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.rank() == b.rank() && (a.rank() == 1 || a.rank() == 2) &&
         with_rows(a.shape(), 0) == with_rows(b.shape(), 0);
}

}  // namespace

Tensor join_rows(const Tensor& first, const Tensor& second) {
  require(joinable(first, second), "tensors ", first.shape(), " and ", second.shape(),
          " cannot be joined row by row");
  Tensor joined = Tensor::empty(with_rows(first.shape(), first.dim(0) + second.dim(0)), first.dtype());
  joined.alias(first.shape()).copy_from(first);
  joined.alias(second.shape(), first.numel()).copy_from(second);
  return joined;
}

std::pair<Tensor, Tensor> halve_rows(const Tensor& joined) {
  require((joined.rank() == 1 || joined.rank() == 2) && joined.dim(0) % 2 == 0, "a tensor ", joined.shape(),
          " cannot be cut into halves");
  const Shape half = with_rows(joined.shape(), joined.dim(0) / 2);
  return {joined.alias(half).clone(), joined.alias(half, half.numel()).clone()};
}

Tensor reverse_inputs(const Tensor& weight, int64_t parts) {
  require(weight.rank() == 4 && weight.dim(1) % parts == 0, "a weight ", weight.shape(), " has no ", parts,
          " groups of inputs");
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1), area = weight.dim(2) * weight.dim(3);
  const int64_t group = inputs / parts;
  return dispatch_dtype(weight.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::vector<T> values = weight.to_values<T>();
    std::vector<T> reversed;
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t part = parts; part-- > 0;) {
        const auto first = values.begin() + (o * inputs + part * group) * area;
        reversed.insert(reversed.end(), first, first + group * area);
      }
    return Tensor::from_values<T>(weight.shape(), reversed);
  });
}

}  // namespace masktwins
