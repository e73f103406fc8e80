#pragma once
// Page-locked host memory between a GPU and memory that the system may move: copies go through it in pieces, so that
// uploads need not wait for the GPU and run at full speed.
#include <cuda_runtime_api.h>

#include <cstddef>

namespace lamina::cuda {

class Staging {
 public:
  Staging();  // on the GPU in use
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  void upload(void* to, const void* from, size_t bytes,
              cudaStream_t stream);  // `from` may change afterwards; the copy is in the stream
  void download(void* to, const void* from, size_t bytes, cudaStream_t stream);  // done when it returns

 private:
  static constexpr size_t kPiece = 4u << 20;
  static constexpr int kPieces = 4;
  struct Piece {
    char* memory = nullptr;
    cudaEvent_t read = nullptr;  // the GPU is done with it
  };
  Piece& next();
  Piece pieces_[kPieces];
  int turn_ = 0;
};

}  // namespace lamina::cuda
