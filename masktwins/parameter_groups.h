// Which parameters learn faster or without weight decay.
#pragma once

#include "masktwins/config.h"
#include "optim/optimizer.h"

namespace masktwins {

// By train.head_lr_factor and train.norm_decay_factor, as SegFormer and all after it (section 5): parameters
// with "head" in their name, the decode head's normalisation included, learn faster; those with "norm" in
// their name, the encoder's, decay less. Error if a factor is set and no parameter has such a name.
std::vector<optim::ParameterGroup> parameter_groups(const TrainConfig& train,
                                                    const optim::ParameterArena& arena);

}  // namespace masktwins
