import Foundation
import Testing

/// The learner's library, linked from what was built with these tests as `ci/learner` does it for a release.
enum LearnerLibrary {
  static let name = "libresonetics-learner.so"

  /// Puts it into the directory of a shell.
  static func link(into shell: Shell) throws {
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let outcome = try shell(
      "'\(Shell.root.path)/ci/learner' link '\(folder)' \"$PWD/\(name)\"", ["PATH": path])
    try #require(outcome.status == 0, "\(outcome)")
  }
}

/// The learner's library as a program in C uses it.
@Suite struct SimLearnerTests {
  /// It trains what `dsl sim train` trains, says what is wrong, needs no Swift to run, and shows of itself no Swift runtime.
  @Test func aProgramInCTrains() throws {
    let shell = try Shell()
    try LearnerLibrary.link(into: shell)
    let program = """
      #include "resonetics_learner.h"
      #include <stdio.h>
      #include <string.h>

      static int32_t receive(void *file, int32_t kind, const uint8_t *bytes, int64_t count) {
        if (kind == resonetics_learner_agent) fwrite(bytes, 1, (size_t)count, file);
        if (kind == resonetics_learner_message) printf("%.*s\\n", (int)count, (const char *)bytes);
        return 0;
      }

      int main(int count, char **words) {
        FILE *file = fopen("c.agent", "wb");
        for (int i = 1; i < count; i++) {
          int32_t code = resonetics_learner_train(resonetics_learner_abi, (const uint8_t *)words[i],
                                                  (int64_t)strlen(words[i]), receive, file);
          printf("%d\\n", code);
        }
        return fclose(file);
      }
      """
    let outcome = try shell(
      """
      cat > train.c
      cc -std=c11 -Wall -Wextra -Werror -I '\(Shell.root.path)/Sources/ClusterSimABI' train.c ./\(LearnerLibrary.name) -o train
      LD_LIBRARY_PATH=. ./train '{"cluster": {"size": "2x3"}, "settings": {"episodes": 64, "seed": 4}, "now": 1}' \\
        '{"cluster": {"size": "2x3", "constants": {"max_steps": 90}}, "settings": {"episodes": 128, "seed": 4, "validation_episodes": 5}}'
      dsl sim train --out swift.agent --size 2x3 --constant max_steps=90 --episodes 128 --seed 4 \\
        --setting validation_episodes=5 > /dev/null && cmp c.agent swift.agent && wc -c < c.agent
      LD_LIBRARY_PATH=. ldd train | grep -i swift
      nm -D --defined-only \(LearnerLibrary.name) | grep -c ' T swift_'
      """, input: program)
    let lines = outcome.out.split(separator: "\n")
    #expect(lines.count == 5, "\(outcome)")
    #expect(lines.first == "the request has a member now: use cluster, settings, judge, name", "\(outcome)")
    #expect(lines.dropFirst().prefix(2) == ["1", "0"], "\(outcome)")
    #expect(lines.count == 5 && Int(lines[3].trimmingCharacters(in: .whitespaces)) ?? 0 > 1000, "\(outcome)")
    #expect(lines.last == "0", "\(outcome)")
  }
}
