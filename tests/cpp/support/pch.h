#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/core/fields.h"
#include "backends/core/primitive.h"
