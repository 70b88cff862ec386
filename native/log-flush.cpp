// Linked into each of llama.cpp's tools: waits for the log thread when the program ends. llama.cpp prints from a thread of
// its own and exits without waiting for it (`common_log_main` in common/log.cpp), so on a busy machine a tool's last lines,
// such as its table of results, are lost although it exits with code 0.
#include "log.h"

namespace {
struct flush_at_exit {
    ~flush_at_exit() { common_log_pause(common_log_main()); }
} flush;
}  // namespace
