#include "backends/ops/epilogue/epilogue.h"

#include "backends/cpu/simd_choice.h"

namespace lamina {
LAMINA_SIMD_CHOICE(const EpilogueRows&, epilogue_rows)
}
