#pragma once
// What an executable keeps from run to run: values that follow from constants and from variables that its graph does
// not update (the scale of a normalisation in inference), and such values in the layout that a kernel wants. They are
// computed when a run first needs them, and again when one of those variables has changed.
//
// The functions for several batch sizes come to the same values by the same steps; those are computed once and shared.
#include <mutex>
#include <string>
#include <vector>

#include "backends/core/kernel.h"
#include "backends/core/variable.h"

namespace lamina {

class KeptValues {
 public:
  explicit KeptValues(Device device = Device::cpu) : device_(device) {}
  // Where an operand comes from: one of these.
  struct Origin {
    std::shared_ptr<VariableState> variable;
    Tensor constant;
    int kept = -1;  // another kept value's number
  };
  // A consistent set of them. A value that only leads to others has no buffer.
  struct Values {
    std::vector<uint64_t> changes;  // of the variables, when the values were computed
    std::vector<BufferPtr> buffers;
  };

  // Room for a value; returns its number, counting from 0.
  int add(size_t bytes);
  // The step that computes the values `outputs`. `name` tells it from every other that computes something else from the
  // same origins; empty if nothing does.
  void compute(const std::string& name, std::vector<Origin> inputs, std::vector<int> outputs, BoundKernel::Run run,
               size_t scratch_bytes);
  void need(int number) { needed_[number] = 1; }  // a run reads it

  size_t size() const { return bytes_.size(); }
  std::shared_ptr<const Values> current();  // null if there are none

 private:
  struct Step {
    std::string name;  // with the origins' names; empty where nobody can share it
    std::vector<Origin> inputs;
    std::vector<int> outputs;
    std::vector<int> follows;  // numbers of variables
    BoundKernel::Run run;
    size_t scratch_bytes;
  };
  struct Fresh;
  std::string name_of(const Origin& origin) const;
  int number_of(const std::shared_ptr<VariableState>& variable);

  Device device_;
  std::vector<size_t> bytes_;
  std::vector<int> step_of_;
  std::vector<char> needed_;
  std::vector<Step> steps_;
  std::vector<std::shared_ptr<VariableState>> variables_;
  std::shared_ptr<const Values> values_;
  std::mutex mutex_;
};

}  // namespace lamina
