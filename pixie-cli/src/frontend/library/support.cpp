// What C++ takes for granted without declaring it in a header: compiled with every module that has C++ sources, and hidden there. What no
// export reaches is dropped. Names are those of the Itanium C++ ABI; all are weak, so a source may define its own.
typedef __SIZE_TYPE__ size_t;
typedef __UINTPTR_TYPE__ uintptr_t;

extern "C" {
void *malloc(size_t);
void free(void *);
[[noreturn]] void abort();
}

#define OWN __attribute__((weak))

namespace std {
enum class align_val_t : size_t {};
struct nothrow_t {
  explicit nothrow_t() = default;
};
OWN extern const nothrow_t nothrow;
const nothrow_t nothrow{};
} // namespace std

// Exceptions are off, so memory that cannot be had ends the process, except where the caller asks for a null pointer.

static void *checked(void *memory) {
  if (!memory) abort();
  return memory;
}

static void *plain(size_t size) { return malloc(size ? size : 1); }

// The address that malloc gave stands before the memory.
static void *aligned(size_t size, std::align_val_t alignment) {
  size_t align = static_cast<size_t>(alignment);
  size_t room = align + sizeof(void *);
  if (size > static_cast<size_t>(-1) - room) return nullptr;
  void *block = malloc(size + room);
  if (!block) return nullptr;
  uintptr_t start = (reinterpret_cast<uintptr_t>(block) + room) & ~(static_cast<uintptr_t>(align) - 1);
  void *memory = reinterpret_cast<void *>(start);
  static_cast<void **>(memory)[-1] = block;
  return memory;
}

static void free_aligned(void *memory) {
  if (memory) free(static_cast<void **>(memory)[-1]);
}

OWN void *operator new(size_t size) { return checked(plain(size)); }
OWN void *operator new[](size_t size) { return checked(plain(size)); }
OWN void *operator new(size_t size, const std::nothrow_t &) noexcept { return plain(size); }
OWN void *operator new[](size_t size, const std::nothrow_t &) noexcept { return plain(size); }
OWN void *operator new(size_t size, std::align_val_t align) { return checked(aligned(size, align)); }
OWN void *operator new[](size_t size, std::align_val_t align) { return checked(aligned(size, align)); }
OWN void *operator new(size_t size, std::align_val_t align, const std::nothrow_t &) noexcept { return aligned(size, align); }
OWN void *operator new[](size_t size, std::align_val_t align, const std::nothrow_t &) noexcept { return aligned(size, align); }

OWN void operator delete(void *memory) noexcept { free(memory); }
OWN void operator delete[](void *memory) noexcept { free(memory); }
OWN void operator delete(void *memory, size_t) noexcept { free(memory); }
OWN void operator delete[](void *memory, size_t) noexcept { free(memory); }
OWN void operator delete(void *memory, const std::nothrow_t &) noexcept { free(memory); }
OWN void operator delete[](void *memory, const std::nothrow_t &) noexcept { free(memory); }
OWN void operator delete(void *memory, std::align_val_t) noexcept { free_aligned(memory); }
OWN void operator delete[](void *memory, std::align_val_t) noexcept { free_aligned(memory); }
OWN void operator delete(void *memory, size_t, std::align_val_t) noexcept { free_aligned(memory); }
OWN void operator delete[](void *memory, size_t, std::align_val_t) noexcept { free_aligned(memory); }

// Variables of functions that are initialised when they are first reached, by one thread (ABI §3.3.3). The guard's first byte says
// that this is done; the second one, which is free for such use, that a thread is at it. Others wait without sleeping: nothing
// that sleeps is the same on all platforms.
extern "C" {
OWN int __cxa_guard_acquire(unsigned char *guard) {
  for (;;) {
    if (__atomic_load_n(guard, __ATOMIC_ACQUIRE)) return 0;
    unsigned char idle = 0;
    if (__atomic_compare_exchange_n(guard + 1, &idle, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      if (!__atomic_load_n(guard, __ATOMIC_ACQUIRE)) return 1;
      __atomic_store_n(guard + 1, 0, __ATOMIC_RELEASE);
      return 0;
    }
  }
}

OWN void __cxa_guard_release(unsigned char *guard) {
  __atomic_store_n(guard, 1, __ATOMIC_RELEASE);
  __atomic_store_n(guard + 1, 0, __ATOMIC_RELEASE);
}

OWN void __cxa_guard_abort(unsigned char *guard) { __atomic_store_n(guard + 1, 0, __ATOMIC_RELEASE); }

// What is called where a program cannot go on.
[[noreturn]] OWN void __cxa_pure_virtual() { abort(); }
[[noreturn]] OWN void __cxa_deleted_virtual() { abort(); }
[[noreturn]] OWN void __cxa_throw_bad_array_new_length() { abort(); }
}

namespace std {
[[noreturn]] OWN void terminate() noexcept { abort(); }
[[noreturn]] OWN void __throw_bad_alloc() { abort(); }
inline namespace __1 {
[[noreturn]] OWN void __throw_runtime_error(const char *) { abort(); }
[[noreturn]] OWN void __throw_system_error(int, const char *) { abort(); }
} // namespace __1
} // namespace std
