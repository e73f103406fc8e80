// Runs the case tables and holds that they cover every public op and every primitive.
#include "backends/core/kernel.h"
#include "backends/ops/public/public_op.h"
#include "support/op_case.h"

namespace lamina::testing {
namespace {

class OpCases : public ::testing::TestWithParam<size_t> {};

TEST_P(OpCases, AgreesEverywhere) { check(all_cases()[GetParam()]); }

// Asked for when the tests are registered, after every table has added itself.
std::vector<size_t> case_numbers() {
  std::vector<size_t> out(all_cases().size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = i;
  return out;
}

std::string name_of_case(const ::testing::TestParamInfo<size_t>& info) {
  std::string name = all_cases()[info.param].name;
  std::replace(name.begin(), name.end(), '.', '_');
  return text(name, "_", info.param);
}
INSTANTIATE_TEST_SUITE_P(Table, OpCases, ::testing::ValuesIn(case_numbers()), name_of_case);

TEST(OpCoverage, CoverEveryPublicOp) {
  std::set<std::string> covered;
  for (const OpCase& c : all_cases()) covered.insert(c.name);
  // What gives no tensor, or depends on the values of its input, has tests of its own in values_test.cpp.
  const std::set<std::string> apart = {"shape", "ndim", "size", "dtype", "is_tensor", "nonzero", "bincount"};
  std::vector<std::string> missing;
  for (const OpInfo* op : all_ops())  // loss and metric functions have tests beside their classes
    if (!op->name.starts_with("losses.") && !op->name.starts_with("metrics.") && !covered.count(op->name) &&
        !apart.count(op->name))
      missing.push_back(op->name);
  EXPECT_TRUE(missing.empty()) << missing.size() << " public ops have no case: " << join(missing, ", ");
  for (const std::string& name : covered)  // "prim.": primitives that no public op leads to
    EXPECT_TRUE(name.starts_with("prim.") || find_op(name)) << "a case names the unknown op " << name;
}

TEST(OpCoverage, CoverEveryPrimitive) {
  if (primitives_seen().empty())
    for (const OpCase& c : all_cases()) check(c);
  // Gradient primitives run where gradients are checked; the fused ones belong to the graph's passes.
  const std::set<std::string> apart = {"SoftmaxGrad",        "LogSoftmaxGrad",     "CrossEntropyGrad", "MatMulAdd",
                                       "NormalizeRowsGrad",  "NormalizeBatchGrad", "AttentionGrad",    "RecurrentGrad",
                                       "WholeRecurrentGrad", "GeluGrad",           "GammaSlope",       "ScatterUpdate",
                                       "UpdateGroup"};
  std::vector<std::string> missing;
  for (const KernelInfo& k : registered_kernels())
    if (!primitives_seen().count(k.primitive) && !apart.count(k.primitive) && !k.primitive.starts_with("Fused"))
      missing.push_back(k.primitive);
  EXPECT_TRUE(missing.empty()) << "primitives without a case: " << join(missing, ", ");
}

}  // namespace
}  // namespace lamina::testing
