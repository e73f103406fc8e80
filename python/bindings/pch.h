#include <pybind11/pybind11.h>

#include "bindings/convert.h"
