#pragma once
// Settings (engine, device, floatx, threads) and profiles.
#include "api/config.h"
#include "api/profile.h"
