/* Lets a program under callgrind say what to count; without it these do nothing. */
#include <valgrind/callgrind.h>

void start(void) { CALLGRIND_ZERO_STATS; }

void stop(const char *name) { CALLGRIND_DUMP_STATS_AT(name); }
