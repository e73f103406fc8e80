#include "backends/ops/elementwise/feed.h"

#include "backends/ops/elementwise/block.h"

namespace lamina {

Feed make_feed(const TensorSpec& in, const Shape& out) {
  Feed feed;
  feed.size = size_of(in.dtype);
  int64_t count = in.shape.elements();
  if (count == out.elements()) return feed;
  if (count == 1) {
    feed.kind = Feed::Kind::scalar;
    return feed;
  }
  int offset = out.rank() - in.shape.rank();
  int first = 0;  // leading axes of size 1 are broadcast
  while (first < in.shape.rank() && in.shape[first] == 1) ++first;
  bool trailing = true;
  for (int i = first; i < in.shape.rank(); ++i) trailing &= in.shape[i] == out[i + offset];
  if (trailing) {
    feed.kind = Feed::Kind::periodic;
    feed.period = count;
    return feed;
  }
  feed.kind = Feed::Kind::general;
  feed.strides.assign(out.rank(), 0);
  int64_t stride = 1;
  for (int i = in.shape.rank(); i-- > 0;) {
    if (in.shape[i] != 1) feed.strides[i + offset] = stride;
    stride *= in.shape[i];
  }
  return feed;
}

namespace {

void gather_general(const Feed& feed, const Shape& shape, const char* from, char* to, int64_t begin, int64_t n) {
  const auto& fill = block_table().fill;
  int last = shape.rank() - 1;
  int64_t index[Shape::kMaxRank], rest = begin, at = 0;
  for (int i = last; i >= 0; --i) {
    index[i] = rest % shape[i];
    rest /= shape[i];
    at += index[i] * feed.strides[i];
  }
  while (n > 0) {
    int64_t run = std::min(n, shape[last] - index[last]);
    if (feed.strides[last] == 0)
      fill(from + at * feed.size, feed.size, to, run);
    else if (feed.strides[last] == 1)
      std::memcpy(to, from + at * feed.size, run * feed.size);
    else
      for (int64_t i = 0; i < run; ++i)
        std::memcpy(to + i * feed.size, from + (at + i * feed.strides[last]) * feed.size, feed.size);
    to += run * feed.size;
    n -= run;
    at += run * feed.strides[last];
    index[last] += run;
    for (int i = last; i > 0 && index[i] == shape[i]; --i) {
      at += feed.strides[i - 1] - index[i] * feed.strides[i];
      index[i] = 0;
      ++index[i - 1];
    }
  }
}

}  // namespace

const char* feed_block(const Feed& feed, const Shape& shape, const void* input, char* block, int64_t begin, int64_t n) {
  const char* base = static_cast<const char*>(input);
  switch (feed.kind) {
    case Feed::Kind::contiguous: return base + begin * feed.size;
    case Feed::Kind::scalar: return base;
    case Feed::Kind::periodic: {
      int64_t at = begin % feed.period;
      if (at + n <= feed.period) return base + at * feed.size;
      for (char* to = block; n > 0; at = 0) {
        int64_t run = std::min(n, feed.period - at);
        std::memcpy(to, base + at * feed.size, run * feed.size);
        to += run * feed.size;
        n -= run;
      }
      return block;
    }
    case Feed::Kind::general: gather_general(feed, shape, base, block, begin, n); return block;
  }
  return base;
}

}  // namespace lamina
