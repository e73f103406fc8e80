// Precompiled for the library: standard headers that nearly every source needs.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "backends/core/fields.h"
#include "backends/core/kernel.h"
#include "backends/core/primitive.h"
