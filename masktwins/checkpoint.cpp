#include "masktwins/checkpoint.h"

#include <charconv>
#include <cmath>

#include "masktwins/pretrained.h"
#include "masktwins/state_dict.h"
#include "masktwins/weights_file.h"
#include "tensor/check.h"

namespace masktwins {
namespace {

namespace fs = std::filesystem;

constexpr const char* format_name = "masktwins 1";

const std::string student_prefix = "model.", teacher_prefix = "ema_model.", optimizer_prefix = "optimizer.";

StateDict networks(const TrainingState& state) {
  StateDict tensors = state_of(state.student, student_prefix);
  tensors.merge(state_of(state.teacher, teacher_prefix));
  return tensors;
}

StateDict everything(const TrainingState& state) {
  StateDict tensors = networks(state);
  for (const auto& [name, tensor] : state.optimizer.state()) tensors.emplace(optimizer_prefix + name, tensor);
  if (state.adversary) {
    tensors.merge(state_of(state.adversary->network(), "discriminator."));
    for (const auto& [name, tensor] : state.adversary->optimizer().state())
      tensors.emplace("discriminator_optimizer." + name, tensor);
  }
  return tensors;
}

std::string exact_text(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

int64_t discriminator_updates(const TrainingState& state) {
  return state.adversary ? state.adversary->optimizer().updates() : 0;
}

void save(const fs::path& file, StateDict tensors, const TrainingState& state, const RunPosition& position,
          const Config& config) {
  data::write_safetensors(
      file.string(), {.tensors = std::move(tensors),
                      .metadata = {{"format", format_name},
                                   {"step", std::to_string(position.step)},
                                   {"updates", std::to_string(state.optimizer.updates())},
                                   {"discriminator_updates", std::to_string(discriminator_updates(state))},
                                   {"best_step", std::to_string(position.best_step)},
                                   {"best_score", exact_text(position.best_score)},
                                   {"config_hash", std::to_string(config_hash(config))},
                                   {"config", to_toml(config)}}});
}

// Gives `from` the second name `to`, replacing what `to` named. Both stay complete at every moment.
void link_as(const fs::path& from, const fs::path& to) {
  const fs::path temporary = to.string() + ".new";
  std::error_code problem;
  fs::remove(temporary, problem);
  fs::create_hard_link(from, temporary, problem);
  if (problem) fs::copy_file(from, temporary, problem);  // file systems without links
  if (!problem) fs::rename(temporary, to, problem);
  require(!problem, to.string(), ": cannot be written: ", problem.message());
}

std::string metadata(const data::TensorFile& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  require(found != file.metadata.end(), "checkpoint: has no '", key,
          "'; it holds networks but no state of training, so no run can be resumed from it");
  return found->second;
}

template <class T>
T number(const data::TensorFile& file, const std::string& key) {
  const std::string text = metadata(file, key);
  T value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  require(parsed.ec == std::errc() && parsed.ptr == text.data() + text.size(), "checkpoint: '", key, "' is '",
          text, "', not a number");
  return value;
}

void require_same_settings(const data::TensorFile& file, const Config& config) {
  if (number<uint64_t>(file, "config_hash") == config_hash(config)) return;
  std::string changes;
  for (const std::string& change :
       changed_settings(parse_config(metadata(file, "config"), "checkpoint"), config))
    changes += (changes.empty() ? "" : "; ") + change;
  fail("resume: settings that change the result differ from the checkpoint's (", changes,
       "); start a new run with another --out");
}

}  // namespace

bool CheckpointFolder::empty() const {
  std::error_code ignored;  // what cannot be looked at cannot be written either, which has its own message
  return !fs::exists(last(), ignored) && !fs::exists(previous(), ignored);
}

void CheckpointFolder::save_last(const TrainingState& state, const RunPosition& position,
                                 const Config& config) const {
  if (fs::exists(last())) link_as(last(), previous());
  save(last(), everything(state), state, position, config);
}

void CheckpointFolder::save_best(const TrainingState& state, const RunPosition& position,
                                 const Config& config) const {
  save(best(), networks(state), state, position, config);
}

data::TensorFile CheckpointFolder::read_latest(std::string& notice) const {
  require(!empty(), folder.string(), ": no checkpoint to resume from; start the run without --resume");
  if (!fs::exists(previous())) return data::read_safetensors(last().string());
  try {
    return data::read_safetensors(last().string());
  } catch (const Error& error) {
    notice = std::string(error.what()) + "; going back to " + previous().string();
  }
  return data::read_safetensors(previous().string());
}

RunPosition restore(const data::TensorFile& file, const TrainingState& state, const Config& config) {
  RunPosition position;
  position.step = number<int64_t>(file, "step");
  position.best_step = number<int64_t>(file, "best_step");
  position.best_score = number<double>(file, "best_score");
  const auto updates = number<int64_t>(file, "updates");
  require_same_settings(file, config);
  load_state("checkpoint", file.tensors, everything(state));
  state.optimizer.set_updates(updates);
  if (state.adversary)
    state.adversary->optimizer().set_updates(number<int64_t>(file, "discriminator_updates"));
  return position;
}

void load_network(const fs::path& path, Network which, nn::SegmentationModel& model) {
  const StateDict weights = read_weights(path.string(), which).tensors, network = state_of(model);
  require(part_for(weights, network).size() == network.size(), path.string(),
          ": holds an encoder alone, and without a head no class can be predicted; train one with "
          "model.pretrained = \"",
          path.string(), "\"");
  load_state(path.string(), weights, network);
}

}  // namespace masktwins
