// How much memory this machine still has.
#pragma once

namespace masktwins {

// Bytes that can be had without swapping; infinity if the system does not say.
double free_system_memory();

}  // namespace masktwins
