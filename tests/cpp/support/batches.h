#pragma once
#include <map>

#include "backends/core/tensor.h"

namespace lamina::testing {

// The batches that the expected values were computed on.
inline Tensor batch(const std::string& name) {
  static const std::map<std::string, Tensor> all = {
      {"reg_t", Tensor::of<float>({0.5f, 1.5f, -0.2f, 2, 0.1f, 0.3f}, {2, 3})},
      {"reg_p", Tensor::of<float>({0.7f, 1, 0.1f, 1, 0.4f, 0.9f}, {2, 3})},
      {"bin_t", Tensor::of<float>({0, 1, 1, 1, 0, 0}, {2, 3})},
      {"bin_p", Tensor::of<float>({0.2f, 0.7f, 0.4f, 0.9f, 0.55f, 0.05f}, {2, 3})},
      {"cat_t", Tensor::of<float>({0, 1, 0, 1, 0, 0}, {2, 3})},
      {"cat_p", Tensor::of<float>({0.1f, 0.6f, 0.3f, 0.3f, 0.5f, 0.2f}, {2, 3})},
      {"log_p", Tensor::of<float>({1, -2, 0.5f, 0.2f, 0.3f, -0.7f}, {2, 3})},
      {"sp_t", Tensor::of<float>({1, 2}, {2})},
      {"dist_t", Tensor::of<float>({0.2f, 0.3f, 0.5f, 0.6f, 0.3f, 0.1f}, {2, 3})},
      {"cls_t", Tensor::of<float>({0, 1, 2, 1, 0, 2}, {6})},
      {"cls_p", Tensor::of<float>({0, 1, 1, 1, 2, 2}, {6})},
      {"emb_t", Tensor::of<float>({1, 0, 1, 0}, {4})},
      {"emb_p", Tensor::of<float>({0.54f, 0.72f, 0, 0, 0.54f, 0.72f, 0.72f, 0, -0.54f, 0.432f, 0.54f, 0.576f}, {4, 3})},
      {"seq_t", Tensor::of<float>({1, 2, 2, 0}, {2, 2})},
      {"seq_p", Tensor::of<float>({0.1f, 0.6f, 0.3f, 1,     -2,   0.5f, 0.2f, 0.3f, -0.7f, 0.4f, 0.9f,  0.1f,
                                   0.7f, 1,    0.1f, -0.5f, 0.3f, 0.2f, 0.2f, 0.7f, 0.4f,  0.9f, 0.55f, 0.05f},
                                  {2, 4, 3})},
      {"w2", Tensor::of<float>({1, 3}, {2})},
      {"b1_t", Tensor::of<float>({0, 1, 1, 0, 1, 0}, {6})},
      {"b1_p", Tensor::of<float>({0.1f, 0.4f, 0.8f, 0.5f, 0.9f, 0.3f}, {6})},
      {"w6", Tensor::of<float>({1, 2, 1, 1, 3, 1}, {6})},
  };
  return all.at(name);
}

}  // namespace lamina::testing
