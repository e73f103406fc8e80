#pragma once
#include "api/data/data_source.h"

namespace lamina {

// A source's batches, cut into epochs. Without `steps` an epoch is a pass over the source. With them it is that many
// batches and goes on where the last one stopped; a pass that ends earlier ends the epoch too, with a warning, and the
// next epoch starts over.
class EpochReader {
 public:
  EpochReader(DataSource& source, std::optional<int64_t> steps) : source_(source), steps_(steps) {}
  void begin(int64_t epoch);
  std::optional<Batch> next();  // nullopt at the end of the epoch
  void end();
  // Batches per epoch, if known.
  std::optional<int64_t> steps() const { return steps_ ? steps_ : source_.batches(); }
  // Which pass is under way and how far. After restore() the next begin() goes on there, `step` batches into its epoch;
  // ValueError if the data has fewer batches than were read of it.
  Dict state() const;
  void restore(const Dict& state, int64_t step);
  bool empty() const { return step_ == 0; }  // the epoch has had no batch

 private:
  bool used_up() const;  // the source says how many batches a pass has, and all were taken
  DataSource& source_;
  std::optional<int64_t> steps_;
  int64_t step_ = 0, seen_ = 0;  // batches of this epoch and of this pass
  int64_t pass_epoch_ = 0;       // in which the pass was begun
  bool open_ = false;            // a pass is under way
  struct Position {
    int64_t epoch, seen, step;
  };
  std::optional<Position> resumed_;  // where the next begin() goes on
};

}  // namespace lamina
