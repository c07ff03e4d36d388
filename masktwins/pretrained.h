// Starting a network from published weights instead of random numbers.
#pragma once

#include <string>

#include "masktwins/config.h"
#include "masktwins/state_dict.h"
#include "nn/segmentation_model.h"

namespace masktwins {

// The part of a network's tensors that these weights are about: backbone.* if the file has such and nothing
// of a head, as ImageNet's encoders, and everything otherwise.
StateDict part_for(const StateDict& weights, const StateDict& network);

// Loads the encoder, and the head too if all of it fits, into `model`; into one without backbone.*
// everything. Gives a sentence that says what was loaded and what was not. Error with the differences if the
// encoder does not fit.
std::string load_pretrained(const std::string& path, nn::SegmentationModel& model);

// Loads encoder weights, of whichever file, into a module that is an encoder alone.
void load_encoder(const std::string& path, nn::Module& encoder);

}  // namespace masktwins
