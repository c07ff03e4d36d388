#include "optim/low_precision.h"

#include "tensor/memory_tag.h"

namespace masktwins::optim {

void add_copies(const nn::Module& module, const ParameterArena& arena, DType dtype,
                LowPrecisionCopies& copies) {
  const MemoryTag tag("parameters");
  const Tensor converted = arena.values().to(dtype);
  const nn::NamedTensors parameters = module.named_parameters();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = *parameters[i].second;
    copies.set(parameter, converted.alias(parameter.shape(), arena.segments()[i].offset));
  }
}

}  // namespace masktwins::optim
