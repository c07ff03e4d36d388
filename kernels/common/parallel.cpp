#include "kernels/common/parallel.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace masktwins::kernels {
namespace {

thread_local int allowed_threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
thread_local bool inside_run = false;

// Threads that take chunks from one job at a time. The caller takes chunks too and waits only for chunks that
// were taken: a helper that the system has no processor for delays nobody. (A barrier over all threads, as
// OpenMP's, made a training step ten times slower when one other program was running.)
class Pool {
 public:
  static Pool& instance() {
    static auto* pool = new Pool;  // never destroyed: its threads run until the process ends
    return *pool;
  }

  // False if another thread's job is running.
  bool run(int threads, int64_t chunks, void (*function)(void*, int64_t), void* context) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    while (workers_ < threads - 1) {
      const int number = ++workers_;
      std::thread([this, number] { serve(number); }).detach();
    }
    const uint64_t job = job_of(ticket_) + 1;
    ticket_ = job << 32 | no_chunk;  // nobody takes a chunk while the job is being described
    function_ = function;
    context_ = context;
    chunks_ = chunks;
    helpers_ = threads - 1;
    done_ = 0;
    ticket_ = job << 32;
    if (sleeping_ > 0) ticket_.notify_all();
    while (take_chunk()) {
    }
    int spins = 0;
    for (int64_t done = done_; done < chunks; done = done_) {
      if (++spins < most_spins) pause();
      else done_.wait(done);
    }
    return true;
  }

 private:
  static constexpr int most_spins =
      10000;  // some hundred microseconds: waking a sleeping thread takes as long
  static constexpr uint64_t no_chunk = 0xffffffff;

  static uint64_t job_of(uint64_t ticket) { return ticket >> 32; }
  static uint64_t chunk_of(uint64_t ticket) { return ticket & no_chunk; }

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  // Takes and runs one chunk of the present job. False if there is none left.
  bool take_chunk() {
    uint64_t ticket = ticket_;
    while (true) {
      auto* function = function_.load();
      void* context = context_;
      const int64_t chunk = static_cast<int64_t>(chunk_of(ticket)), chunks = chunks_;
      if (chunk >= chunks) return false;
      // If the ticket is unchanged, its job has this chunk to do, and what was read describes that job.
      if (!ticket_.compare_exchange_weak(ticket, ticket + 1)) continue;
      function(context, chunk);
      if (++done_ == chunks) done_.notify_one();
      return true;
    }
  }

  void serve(int number) {
    inside_run = true;
    while (true) {
      uint64_t seen = ticket_;
      for (; chunk_of(seen) == no_chunk; seen = ticket_)
        pause();  // a job that is being described is not over
      if (number <= helpers_)
        while (take_chunk()) {
        }
      int spins = 0;
      for (; job_of(ticket_) == job_of(seen) && spins < most_spins; ++spins) pause();
      if (spins == most_spins) {
        ++sleeping_;
        for (uint64_t now = ticket_; job_of(now) == job_of(seen); now = ticket_) ticket_.wait(now);
        --sleeping_;
      }
    }
  }

  std::mutex busy_;
  std::atomic<int> workers_ = 0, helpers_ = 0, sleeping_ = 0;
  std::atomic<void (*)(void*, int64_t)> function_ = nullptr;
  std::atomic<void*> context_ = nullptr;
  std::atomic<int64_t> chunks_ = 0, done_ = 0;
  std::atomic<uint64_t> ticket_ = 0;  // number of the job in the upper half, its next chunk in the lower
};

}  // namespace

int thread_count() { return allowed_threads; }

void set_thread_count(int threads) { allowed_threads = std::max(1, threads); }

void run_chunks(int64_t chunks, void (*run)(void* context, int64_t chunk), void* context) {
  if (chunks > 1 && allowed_threads > 1 && !inside_run) {
    inside_run = true;
    const bool ran = Pool::instance().run(allowed_threads, chunks, run, context);
    inside_run = false;
    if (ran) return;
  }
  for (int64_t chunk = 0; chunk < chunks; ++chunk) run(context, chunk);
}

}  // namespace masktwins::kernels
