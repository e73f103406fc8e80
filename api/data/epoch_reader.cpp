#include "api/data/epoch_reader.h"

#include "backends/core/profiler.h"
#include "backends/core/warning.h"

namespace lamina {

namespace {
void warn_ran_out() {
  warn(
      "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at "
      "least `steps_per_epoch * epochs` batches. You may need to use the "
      "`.repeat()` function when building your dataset.");
}
}  // namespace

bool EpochReader::used_up() const {
  const std::optional<int64_t> all = source_.batches();
  return all && seen_ >= *all;
}

void EpochReader::begin(int64_t epoch) {
  step_ = 0;
  source_.on_epoch_begin();
  if (open_) return;
  const Position from = resumed_ ? *resumed_ : Position{epoch, 0, 0};
  resumed_.reset();
  pass_epoch_ = from.epoch, seen_ = from.seen, step_ = from.step;
  source_.begin_pass(pass_epoch_);
  if (seen_ && !source_.skip(seen_))
    throw ValueError("The training was interrupted after ", seen_,
                     " batches of its data, and the data has fewer now. Train with the data that it began with.");
  open_ = true;
}

Dict EpochReader::state() const {
  return {{"pass_epoch", pass_epoch_}, {"seen", seen_}, {"open", open_}, {"source", source_.state()}};
}

void EpochReader::restore(const Dict& state, int64_t step) {
  const bool open = state.at("open").as_bool();
  source_.restore(state.at("source"), open);
  if (open) resumed_ = Position{state.at("pass_epoch").as_int(), state.at("seen").as_int(), step};
}

bool DataSource::skip(int64_t batches) {
  for (int64_t i = 0; i < batches; ++i)
    if (!next()) return false;
  return true;
}

std::optional<Batch> EpochReader::next() {
  if (!open_ || (steps_ && step_ >= *steps_)) return std::nullopt;
  std::optional<Batch> batch;
  if (!(steps_ && used_up())) {
    ProfileSpan span(profiling() ? data_label() : nullptr);
    batch = source_.next();
  }
  if (batch) {
    ++step_, ++seen_;
    return batch;
  }
  open_ = false;
  if (steps_) warn_ran_out();
  return std::nullopt;
}

void EpochReader::end() {
  if (!steps_ || used_up()) open_ = false;
  if (!open_) source_.end_pass();
  source_.on_epoch_end();
}

}  // namespace lamina
