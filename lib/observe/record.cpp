#include "observe/record.h"
