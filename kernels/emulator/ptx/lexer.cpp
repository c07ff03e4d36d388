#include "kernels/emulator/ptx/lexer.h"

#include <algorithm>
#include <cctype>

namespace masktwins::emulator {
namespace {

bool belongs_to_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.';
}

}  // namespace

Lexer::Lexer(std::string_view text) : text_(text) { advance(); }

bool Lexer::at_number() const {
  return !at_end() && std::isdigit(static_cast<unsigned char>(token_.text.front()));
}

std::string Lexer::take() {
  std::string text(token_.text);
  advance();
  return text;
}

bool Lexer::accept(std::string_view text) {
  if (!at(text)) return false;
  advance();
  return true;
}

void Lexer::expect(std::string_view text) {
  if (!accept(text)) fail("expected '", text, "'");
}

void Lexer::skip_line() {
  const int line = token_.line;
  while (!at_end() && token_.line == line) advance();
}

void Lexer::skip_past(std::string_view text) {
  while (!accept(text)) {
    if (at_end()) fail("expected '", text, "'");
    advance();
  }
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    const std::string_view rest = text_.substr(position_);
    if (rest.front() == '\n') ++line_;
    if (std::isspace(static_cast<unsigned char>(rest.front()))) {
      ++position_;
    } else if (rest.starts_with("//")) {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (rest.starts_with("/*")) {
      const std::size_t end = text_.find("*/", position_ + 2);
      const std::size_t next = end == std::string_view::npos ? text_.size() : end + 2;
      for (; position_ < next; ++position_) line_ += text_[position_] == '\n';
    } else {
      return;
    }
  }
}

void Lexer::advance() {
  skip_blanks();
  const std::size_t begin = position_;
  token_.line = line_;
  if (position_ < text_.size()) {
    if (text_[position_] == '"') {
      const std::size_t end = text_.find('"', position_ + 1);
      position_ = end == std::string_view::npos ? text_.size() : end + 1;
    } else if (belongs_to_word(text_[position_])) {
      // "shared::cta" is one word, the colon of "label:" is not part of it; ".reg.b32" is two directives.
      const bool directive = text_[position_] == '.';
      ++position_;
      while (position_ < text_.size()) {
        if (directive && text_[position_] == '.') break;
        if (belongs_to_word(text_[position_])) ++position_;
        else if (text_.substr(position_, 2) == "::") position_ += 2;
        else break;
      }
    } else {
      ++position_;
    }
  }
  token_.text = text_.substr(begin, position_ - begin);
}

}  // namespace masktwins::emulator
