#include "data/zip_archive.h"

#include "tensor/check.h"

#ifdef MASKTWINS_LIBZIP
#include <zip.h>

#include <filesystem>
#endif

namespace masktwins::data {

bool looks_like_zip(std::string_view first_bytes) { return first_bytes.starts_with("PK\3\4"); }

#ifdef MASKTWINS_LIBZIP

namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct Close {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using EntryHandle = std::unique_ptr<zip_file_t, Close>;

std::string message_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

struct ZipArchive::Handle {
  std::unique_ptr<zip_t, Discard> archive;
};

ZipArchive::ZipArchive(const std::string& path) : path_(path), handle_(std::make_unique<Handle>()) {
  int code = 0;
  handle_->archive.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  zip_t* archive = handle_->archive.get();
  require(archive != nullptr, path, ": not a readable zip archive (", message_of(code),
          "); it is damaged or incomplete, copy or download it again");
  const auto count = static_cast<uint64_t>(zip_get_num_entries(archive, 0));
  require(count <= most_entries, path, ": has ", count, " entries, more than the allowed ", most_entries);
  const uint64_t file_bytes = std::filesystem::file_size(path);
  uint64_t packed_bytes = 0;
  for (uint64_t index = 0; index < count; ++index) {
    zip_stat_t entry;
    require(zip_stat_index(archive, index, 0, &entry) == 0 && (entry.valid & ZIP_STAT_NAME) &&
                (entry.valid & ZIP_STAT_SIZE) && (entry.valid & ZIP_STAT_COMP_SIZE),
            path, ": the description of entry ", index, " is damaged");
    require(entry.comp_size <= file_bytes - packed_bytes, path,
            ": its entries overlap or reach beyond its end; not unpacked");
    packed_bytes += entry.comp_size;
    require(entry.size / largest_expansion <= file_bytes &&
                unpacked_bytes_ + entry.size <= largest_expansion * file_bytes,
            path, ": would unpack to more than ", largest_expansion,
            " times its size, which no weights do; not unpacked, use another file");
    unpacked_bytes_ += entry.size;
    require(entries_.emplace(entry.name, entry.size).second, path, ": has two entries called '", entry.name,
            "'");
  }
}

std::string ZipArchive::read(const std::string& name) const {
  const auto found = entries_.find(name);
  require(found != entries_.end(), path_, ": has no entry '", name, "'");
  const EntryHandle entry(zip_fopen(handle_->archive.get(), name.c_str(), 0));
  require(entry != nullptr, path_, ": entry '", name, "' cannot be read (",
          zip_strerror(handle_->archive.get()), ")");
  std::string bytes(found->second, '\0');
  uint64_t done = 0;
  // One more read than there are bytes: only at the end libzip compares the checksum.
  char beyond = 0;
  while (true) {
    const bool complete = done == bytes.size();
    const zip_int64_t step = complete ? zip_fread(entry.get(), &beyond, 1)
                                      : zip_fread(entry.get(), bytes.data() + done, bytes.size() - done);
    require(step >= 0 && (step == 0) == complete, path_, ": entry '", name, "' is damaged (",
            step < 0 ? zip_file_strerror(entry.get()) : "its size is wrong", "); copy or download it again");
    if (complete) return bytes;
    done += static_cast<uint64_t>(step);
  }
}

#else

struct ZipArchive::Handle {};

ZipArchive::ZipArchive(const std::string& path) {
  fail(path, ": this build cannot read zip archives; install libzip (Debian: libzip-dev) and build again");
}

std::string ZipArchive::read(const std::string&) const { return {}; }

#endif

ZipArchive::~ZipArchive() = default;

}  // namespace masktwins::data
