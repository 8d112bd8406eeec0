#include "plugins/plugin.h"
