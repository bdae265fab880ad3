import ArgumentParser
import Autonomy

/// Files of trainings and studies that a page shows; what `dsl serve`, `dsl auto loop --listen` and `dsl sim serve` take alike.
struct WatchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Curves of trainings of one learner: a directory, or files separated by commas. May be repeated.",
      discussion: "Default: serve.training.", valueName: "dir|files"))
  var training: [String] = []

  @Option(
    help: ArgumentHelp(
      "Studies of Optuna: the file of its JournalStorage.", discussion: "Default: serve.study.",
      valueName: "journal"),
    completion: .file())
  var study: String?

  /// The flags as settings.
  var settings: [SettingFlag?] {
    [
      setting("serve.training", training.isEmpty ? nil : training.joined(separator: ";"), "--training"),
      setting("serve.study", study, "--study"),
    ]
  }
}
