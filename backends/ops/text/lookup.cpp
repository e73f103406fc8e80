#include "backends/ops/text/lookup.h"

#include "backends/core/kernel.h"
#include "backends/cpu/thread_pool.h"

namespace lamina {

namespace {

constexpr int64_t kTerms = 1 << 10;  // per task

uint64_t hash_of(const LookupRule& rule, std::string_view term) {
  return rule.unknown == LookupRule::Unknown::keyed_hash ? siphash64(rule.key, term) : fingerprint64(term);
}
uint64_t hash_of(const LookupRule& rule, int64_t term) { return hash_of(rule, std::to_string(term)); }

int64_t remainder_of(std::string_view, int64_t) { throw RuntimeError("A string has no remainder."); }
int64_t remainder_of(int64_t term, int64_t count) {
  const int64_t r = term % count;
  return r < 0 ? r + count : r;
}

std::string shown(std::string_view term) { return text("'", term, "'"); }
std::string shown(int64_t term) { return text(term); }

}  // namespace

template <class T>
int64_t LookupRule::unknown_index(const T& term) const {
  switch (unknown) {
    case Unknown::one: return unknown_first;
    case Unknown::remainder: return unknown_first + remainder_of(term, unknown_count);
    case Unknown::hash:
    case Unknown::keyed_hash:
      return unknown_first + static_cast<int64_t>(hash_of(*this, term) % static_cast<uint64_t>(unknown_count));
    default:
      throw ValueError("When `num_oov_indices=0` all inputs should be in vocabulary, found OOV values ", shown(term),
                       ", consider setting `num_oov_indices=1`.");
  }
}

int64_t LookupRule::index_of(const Vocabulary& vocabulary, std::string_view term) const {
  if (mask_text && term == *mask_text) return mask_index;
  const int64_t place = vocabulary.find(term);
  return place >= 0 ? first + place : unknown_index(term);
}
int64_t LookupRule::index_of(const Vocabulary& vocabulary, int64_t term) const {
  if (mask_number && term == *mask_number) return mask_index;
  const int64_t place = vocabulary.find(term);
  return place >= 0 ? first + place : unknown_index(term);
}

void append_text(std::string& out, const LookupRule& rule) {
  out += text(rule.first, "/", rule.unknown_first, "+", rule.unknown_count, "/", static_cast<int>(rule.unknown), "/",
              rule.key[0], ",", rule.key[1], "/", rule.mask_index);
  if (rule.mask_text) out += text("/'", rule.mask_text->size(), ":", *rule.mask_text, "'");
  if (rule.mask_number) out += text("/", *rule.mask_number);
}

std::vector<TensorSpec> LookupOp::infer(std::span<const TensorSpec> in) const {
  const DType expected = vocabulary->of_strings() ? DType::string : DType::int64;
  if (in[0].dtype != expected) throw TypeError("looks up ", expected, " terms, received ", in[0], ".");
  return {{in[0].shape, DType::int64}};
}

std::shared_ptr<const void> LookupBackOp::strings_owner() const {
  if (!vocabulary->of_strings()) return nullptr;
  return std::make_shared<const std::pair<VocabularyPtr, VocabularyPtr>>(vocabulary, others);
}

std::vector<TensorSpec> LookupBackOp::infer(std::span<const TensorSpec> in) const {
  if (in[0].dtype != DType::int64) throw TypeError("looks up int64 indices, received ", in[0], ".");
  return {{in[0].shape, vocabulary->of_strings() ? DType::string : DType::int64}};
}

namespace {

template <class F>
void for_each_place(int64_t count, F&& f) {
  parallel_for((count + kTerms - 1) / kTerms, [&](int64_t task) {
    for (int64_t i = task * kTerms; i < std::min(count, (task + 1) * kTerms); ++i) f(i);
  });
}

BoundKernel bind_lookup(const LookupOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [vocabulary = op.vocabulary, rule = op.rule, count = r.outputs[0].shape.elements()](const void* const* in,
                                                                                              void* const* out, void*) {
    auto* to = static_cast<int64_t*>(out[0]);
    if (vocabulary->of_strings()) {
      const auto* terms = static_cast<const Text*>(in[0]);
      for_each_place(count, [&](int64_t i) { to[i] = rule.index_of(*vocabulary, terms[i].view()); });
    } else {
      const auto* terms = static_cast<const int64_t*>(in[0]);
      for_each_place(count, [&](int64_t i) { to[i] = rule.index_of(*vocabulary, terms[i]); });
    }
  };
  return k;
}

template <class T, class Terms>
void look_back(const LookupBackOp& op, const Terms& terms, const Terms& others, const int64_t* from, T* to,
               int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = from[i];
    if (op.mask && at == 0)
      to[i] = T(others[1]);
    else if (at >= op.first && at - op.first < op.vocabulary->size())
      to[i] = T(terms[static_cast<size_t>(at - op.first)]);
    else
      to[i] = T(others[0]);
  }
}

BoundKernel bind_back(const LookupBackOp& op, const KernelRequest& r) {
  BoundKernel k;
  k.run = [op = LookupBackOp(op.vocabulary, op.first, op.others, op.mask), count = r.outputs[0].shape.elements()](
              const void* const* in, void* const* out, void*) {
    const auto* from = static_cast<const int64_t*>(in[0]);
    if (op.vocabulary->of_strings())
      look_back(op, op.vocabulary->strings(), op.others->strings(), from, static_cast<Text*>(out[0]), count);
    else
      look_back(op, op.vocabulary->numbers(), op.others->numbers(), from, static_cast<int64_t*>(out[0]), count);
  };
  return k;
}

LAMINA_KERNEL(cpu, "Lookup", "table", 100, bind_lookup);
LAMINA_KERNEL(cpu, "LookupBack", "table", 100, bind_back);

}  // namespace
}  // namespace lamina
