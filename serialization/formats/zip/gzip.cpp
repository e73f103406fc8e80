#include "serialization/formats/zip/gzip.h"

#include <zlib.h>

#include "backends/core/error.h"

namespace lamina {

std::string gzip(std::string_view bytes) {
  constexpr int kWithGzipHeader = 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kWithGzipHeader, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw RuntimeError("zlib could not begin to compress: there is no memory left.");
  std::string out;
  char piece[1 << 15];
  int state = Z_OK;
  do {  // avail_in counts in 32 bits
    const size_t now = std::min<size_t>(bytes.size(), 1u << 30);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(now);
    bytes.remove_prefix(now);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = sizeof piece;
      state = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
      out.append(piece, sizeof piece - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (state != Z_STREAM_END && !bytes.empty());
  deflateEnd(&stream);
  return out;
}

}  // namespace lamina
