#include <bit>
#include <cstring>

#include "backends/core/error.h"
#include "serialization/formats/audio/sound.h"

namespace lamina::audio {

namespace {

constexpr uint32_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;

uint64_t number(std::string_view bytes, size_t at, size_t count) {
  uint64_t v = 0;
  for (size_t i = 0; i < count; ++i) v |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  return v;
}

struct Format {
  uint32_t encoding = 0, channels = 0, rate = 0, frame = 0, bits = 0;
};

Format read_format(std::string_view chunk) {
  if (chunk.size() < 16)
    throw ValueError("The WAV file is damaged: its format takes at least 16 bytes, it has ", chunk.size(), ".");
  auto part = [&](size_t at, size_t count) { return static_cast<uint32_t>(number(chunk, at, count)); };
  Format f{part(0, 2), part(2, 2), part(4, 4), part(12, 2), part(14, 2)};
  if (f.encoding == kExtensible) {  // the encoding begins the extension's last field
    if (chunk.size() < 26) throw ValueError("The WAV file is damaged: its format lacks its extension.");
    f.encoding = part(24, 2);
  }
  const bool known = f.encoding == kPcm ? f.bits == 8 || f.bits == 16 || f.bits == 24 || f.bits == 32
                                        : f.encoding == kFloat && (f.bits == 32 || f.bits == 64);
  if (!known)
    throw UnsupportedError(
        "WAV files are read with PCM of 8, 16, 24 or 32 bits, or floating point of 32 or 64. Received the encoding ",
        f.encoding, " with ", f.bits, " bits.");
  if (f.channels == 0 || f.rate == 0 || f.frame != f.channels * (f.bits / 8))
    throw ValueError("The WAV file is damaged: its format has ", f.channels, " channels of ", f.bits, " bits at ",
                     f.rate, " samples a second in frames of ", f.frame, " bytes.");
  return f;
}

// A whole number with its sign in the highest of its bits, as a share of the largest.
float share(uint64_t v, uint32_t bits) {
  const auto high = static_cast<int32_t>(static_cast<uint32_t>(v << (32 - bits)));
  return static_cast<float>(high) * 0x1p-31f;
}

float sample_at(std::string_view data, size_t at, const Format& f) {
  const uint64_t v = number(data, at, f.bits / 8);
  if (f.encoding == kFloat)
    return f.bits == 32 ? std::bit_cast<float>(static_cast<uint32_t>(v)) : static_cast<float>(std::bit_cast<double>(v));
  return share(f.bits == 8 ? v ^ 0x80 : v, f.bits);  // 8 bits have no sign: 128 is silence
}

}  // namespace

Sound decode_wav(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WAVE")
    throw ValueError("The file is no WAV file: it does not begin with RIFF and WAVE. It has ", bytes.size(), " bytes.");
  Format format;
  for (size_t at = 12; bytes.size() - at >= 8;) {
    const std::string_view name = bytes.substr(at, 4);
    const uint64_t size = number(bytes, at + 4, 4);
    at += 8;
    const uint64_t left = bytes.size() - at;
    if (name == "data") {
      if (!format.encoding) throw ValueError("The WAV file is damaged: its samples come before their format.");
      if (size > left)
        throw ValueError("The WAV file ends early: ", left, " of ", size, " bytes of samples are in the file.");
      const auto count = static_cast<int64_t>(size / format.frame);
      Sound out{Tensor::empty({count, format.channels}, DType::float32), format.rate};
      float* to = out.samples.mutable_data<float>();
      const std::string_view data = bytes.substr(at);
      for (int64_t i = 0; i < out.samples.size(); ++i)
        to[i] = sample_at(data, static_cast<size_t>(i) * (format.bits / 8), format);
      return out;
    }
    if (size > left) break;
    if (name == "fmt ") format = read_format(bytes.substr(at, size));
    at += std::min(size + size % 2, left);  // chunks begin at even places
  }
  throw ValueError("The WAV file has no samples, or ends early. It has ", bytes.size(), " bytes.");
}

}  // namespace lamina::audio
