#pragma once
// Where batches come from. A source gives one pass at a time; arrays are cut and shuffled here, generators and datasets
// of bindings implement the same interface. EpochReader makes epochs of passes.
#include "backends/core/object.h"
#include "backends/core/value.h"

namespace lamina {

// x, y and sample_weight are tensors or structures of them; None where absent.
struct Batch {
  Value x, y, sample_weight;
  int64_t size = 0;  // samples
};

// Where fit(), evaluate() and predict() take their batches from. A pass is one reading of all data. Used by one thread
// at a time.
class DataSource {
 public:
  virtual ~DataSource() = default;
  virtual void begin_pass(int64_t epoch) = 0;          // from the start; what can be read only once goes on
  virtual std::optional<Batch> next() = 0;             // nullopt at the end of the pass
  virtual void end_pass() {}                           // all read, or no more wanted
  virtual std::optional<int64_t> batches() const = 0;  // a pass' number of batches, if known
  // Told at each epoch of a training, which may be a part of a pass (`steps_per_epoch`).
  virtual void on_epoch_begin() {}
  virtual void on_epoch_end() {}
  virtual std::optional<int64_t> batch_size() const { return {}; }
  // What the order of the batches depends on beside the source's own data and the seeds: plain values and tensors. In a
  // source that was given it the next begin_pass() begins the pass that was under way then, if one was.
  virtual Value state() const { return {}; }
  virtual void restore(const Value& state, bool within_pass) {}
  // Leaves out batches of the pass. False if it ended before.
  virtual bool skip(int64_t batches);
};

// Arrays in memory. Batches of an unshuffled pass share the arrays' memory; those of a shuffled one are copied together
// by threads that wait for work, while the batch before is in use.
class ArrayData final : public DataSource {
 public:
  struct Options {
    int64_t batch_size = 32;
    bool shuffle = false;
    bool within_batches = false;  // shuffled: the samples of each batch among themselves (Keras' shuffle="batch")
    Dict class_weight;
  };
  // ValueError naming the shapes if the first axes differ, or if there is no data.
  ArrayData(Value x, Value y, Value sample_weight, Options options);
  ~ArrayData() override;
  void begin_pass(int64_t epoch) override;
  std::optional<Batch> next() override;
  std::optional<int64_t> batches() const override;
  std::optional<int64_t> batch_size() const override { return options_.batch_size; }
  Value state() const override { return static_cast<int64_t>(seed_); }
  void restore(const Value& state, bool within_pass) override;
  bool skip(int64_t batches) override;
  int64_t samples() const { return samples_; }
  // The last `fraction` of the samples for validation, the rest for training (Keras' split).
  static std::pair<Batch, Batch> split(const Value& x, const Value& y, const Value& sample_weight, double fraction);

 private:
  struct Shuffled;
  Batch views(int64_t from, int64_t to) const;
  std::unique_ptr<Shuffled> gather(int64_t from) const;
  Value x_, y_, sample_weight_;
  Options options_;
  int64_t samples_ = 0, at_ = 0;
  uint64_t seed_ = 0;             // of the pass' order
  std::optional<uint64_t> next_;  // of the next pass', if it is given
  std::vector<int64_t> order_;
  std::unique_ptr<Shuffled> ahead_;  // the batch after the last one given
};

// Rows [from, to) of a tensor: shares its memory.
Tensor rows(const Tensor& t, int64_t from, int64_t to);
// Weights by class of y (int labels, or one-hot rows).
Tensor class_weights_to_sample_weights(const Tensor& y, const Dict& class_weight);

}  // namespace lamina
