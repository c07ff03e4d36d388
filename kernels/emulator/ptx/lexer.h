// Cuts PTX text into words, numbers and punctuation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "kernels/emulator/error.h"

namespace masktwins::emulator {

// A word is a name, a register, a directive, an opcode with its modifiers ("ld.global.v4.f32") or a number.
struct Token {
  std::string_view text;  // empty at the end of the text
  int line = 0;           // of the PTX text, from 1
};

class Lexer {
 public:
  // `text` must outlive the lexer.
  explicit Lexer(std::string_view text);

  const Token& token() const { return token_; }
  bool at_end() const { return token_.text.empty(); }
  bool at(std::string_view text) const { return token_.text == text; }
  bool at_number() const;

  std::string take();                     // the current token's text, then moves on
  bool accept(std::string_view text);     // moves on if the current token is this
  void expect(std::string_view text);     // the same, or an error
  void skip_line();                       // drops the rest of the current line
  void skip_past(std::string_view text);  // drops everything up to this token, and the token

  // An error that names the line and the current token.
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    emulator::fail("PTX line ", token_.line, ": ", parts..., " at '", token_.text, "'");
  }

 private:
  void advance();
  void skip_blanks();

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
  Token token_;
};

}  // namespace masktwins::emulator
