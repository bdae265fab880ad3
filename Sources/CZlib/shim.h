// zlib, for gzip: in Debian the package zlib1g-dev.
#pragma once

#include <zlib.h>
