package import ClusterSim
package import DSLBase

/// What the simulator's room plays and shows, from outside: files are opened by whoever puts the room together.
package struct SimSources: Sendable {
  /// A file, or several, that change while they are watched.
  package struct Watched: Sendable {
    /// Another text when any of them is another; cheap.
    package var stamp: @Sendable () -> String
    /// What is shown of them; problems are in it, a sentence each.
    package var load: @Sendable () -> JSONValue

    package init(stamp: @escaping @Sendable () -> String, load: @escaping @Sendable () -> JSONValue) {
      (self.stamp, self.load) = (stamp, load)
    }
  }

  /// What is watched: curves of trainings, and a study; `nil` for what nobody named.
  package struct Files: Sendable {
    package var training: Watched?
    package var study: Watched?

    package init(training: Watched? = nil, study: Watched? = nil) {
      (self.training, self.study) = (training, study)
    }
  }

  /// The cluster that policies play on.
  package var configuration: ClusterConfiguration
  /// The level of difficulty.
  package var level = 0
  /// The words and files that can play; the first plays first.
  package var policies: [String]
  /// The policy of one of these.
  package var policy: @Sendable (String) throws -> any Policy
  /// The names of recorded episodes; `nil` where no folder was given.
  package var recordings: (@Sendable () throws -> [String])?
  /// One of these.
  package var recording: @Sendable (String) throws -> BlackBox
  package var files = Files()

  package init(
    configuration: ClusterConfiguration, policies: [String],
    policy: @escaping @Sendable (String) throws -> any Policy,
    recording: @escaping @Sendable (String) throws -> BlackBox
  ) {
    (self.configuration, self.policies) = (configuration, policies)
    (self.policy, self.recording) = (policy, recording)
  }
}

extension ServedEvent.Name {
  /// The state of the player, as `/api/v1/sim/state` reports it.
  static let player = Self(rawValue: "player")
  /// What is shown, as `/api/v1/sim/frame` reports it, with the steps that were done since the event before.
  static let frame = Self(rawValue: "frame")
  /// Curves of trainings have changed; as `/api/v1/sim/training` reports them.
  static let training = Self(rawValue: "training")
  /// A study has changed; as `/api/v1/sim/study` reports it.
  static let study = Self(rawValue: "study")

  static let room: [Self] = [.player, .frame, .training, .study, .gap]
}
