// Small kernels with one deliberate mistake each, and their correct twins. Pointers are device pointers.
#pragma once

namespace masktwins::tests {

// out[i] = in[reversed i] through shared memory, one block of 64 threads.
enum class Reverse { correct, no_barrier, barrier_in_branch, reads_unwritten };
void reverse(const float* in, float* out, Reverse variant);

// Sum of 64 numbers in *out, halving in shared memory, one block.
enum class TreeSum { correct, no_barrier_in_loop, warp_without_sync };
void tree_sum(const float* in, float* out, TreeSum variant);

void scale(float* x, int n, bool with_bounds_check);  // x *= 2, blocks of 64
void scale_vector(float* x, int offset);              // one float4 at x + offset
void sum_by_shuffle(const float* in, float* out,
                    bool whole_warp);        // the sum names all lanes; half of them call it
void shared_overrun(float* out, int index);  // writes element `index` of 32
void check_positive(const float* x, int n);  // assert
void print_numbers(const float* x, int n);   // printf

}  // namespace masktwins::tests
