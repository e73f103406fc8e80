#include "backends/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "backends/cuda/check.h"

namespace lamina::cuda {

Staging::Staging() {
  for (Piece& p : pieces_) {
    check(cudaMallocHost(reinterpret_cast<void**>(&p.memory), kPiece), "page-locked memory for copies");
    check(cudaEventCreateWithFlags(&p.read, cudaEventDisableTiming), "an event");
  }
}

Staging::~Staging() {
  for (Piece& p : pieces_) {
    if (p.read) cudaEventDestroy(p.read);
    if (p.memory) cudaFreeHost(p.memory);
  }
}

Staging::Piece& Staging::next() {
  Piece& p = pieces_[turn_];
  turn_ = (turn_ + 1) % kPieces;
  check(cudaEventSynchronize(p.read), "waiting for a copy");
  return p;
}

void Staging::upload(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  for (size_t at = 0; at < bytes; at += kPiece) {
    const size_t n = std::min(kPiece, bytes - at);
    Piece& p = next();
    std::memcpy(p.memory, static_cast<const char*>(from) + at, n);
    check(cudaMemcpyAsync(static_cast<char*>(to) + at, p.memory, n, cudaMemcpyHostToDevice, stream),
          "a copy to the GPU");
    check(cudaEventRecord(p.read, stream), "recording an event");
  }
}

void Staging::download(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  // A piece is on its way while the one before it is copied out.
  Piece* before = nullptr;
  size_t before_at = 0, before_n = 0;
  auto finish = [&] {
    if (!before) return;
    check(cudaEventSynchronize(before->read), "a copy from the GPU");
    std::memcpy(static_cast<char*>(to) + before_at, before->memory, before_n);
  };
  for (size_t at = 0; at < bytes; at += kPiece) {
    const size_t n = std::min(kPiece, bytes - at);
    Piece& p = next();
    check(cudaMemcpyAsync(p.memory, static_cast<const char*>(from) + at, n, cudaMemcpyDeviceToHost, stream),
          "a copy from the GPU");
    check(cudaEventRecord(p.read, stream), "recording an event");
    finish();
    before = &p, before_at = at, before_n = n;
  }
  finish();
}

}  // namespace lamina::cuda
