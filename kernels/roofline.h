// What this machine can do at most with all threads: the two numbers every op is measured against.
#pragma once

namespace masktwins::kernels {

// Float32 multiply-adds in registers, counted as two operations each.
double measure_flops_per_second();
// Bytes read plus written by y = a * x over arrays far larger than the caches.
double measure_bytes_per_second();

}  // namespace masktwins::kernels
