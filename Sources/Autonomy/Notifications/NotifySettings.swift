public import DecisionEngine

/// Who is told of incidents, and when (docs/notifications.md).
public struct NotifySettings: Sendable, Equatable {
  /// Who is told.
  public var receivers: [Receiver] = []
  /// Cycles in a row that the fleet has to be unwell, or well again, before that is told.
  public var cycles = 3
  /// Seconds after which an incident that goes on is told again; 0 for never.
  public var remindAfterSeconds = 3600.0
  /// Seconds without another occurrence after which an incident of occurrences is over.
  public var quietAfterSeconds = 600.0
  /// Seconds that the end of a command may wait for messages to leave.
  public var flushSeconds = 3.0
  /// Messages that wait at most; beyond that the oldest go, and that is reported.
  public var queue = 256

  /// Nobody is told.
  public init() {}

  /// One receiver of messages.
  public struct Receiver: Sendable, Equatable {
    /// What it is called in reports.
    public var name: String
    /// How it is reached.
    public var way: Way
    /// Incidents that never were this bad are not told.
    public var minSeverity = IncidentSeverity.info

    /// A receiver of everything.
    public init(name: String, way: Way) {
      self.name = name
      self.way = way
    }
  }

  /// How a receiver is reached.
  public enum Way: Sendable, Equatable {
    /// An HTTP POST for each message.
    case webhook(Webhook)
    /// A program that gets each message on standard input (`notify/v1`).
    case command(ProgramSettings.Program)
    /// A file that gets a line for each message; a relative path is below the coordination directory.
    case file(String)
  }

  /// An HTTP endpoint.
  public struct Webhook: Sendable, Equatable {
    /// What is posted.
    public enum Format: String, Sendable, CaseIterable {
      /// A CloudEvent 1.0 in structured JSON mode.
      case cloudevents
      /// `{"text": …}`, which Slack, Mattermost and others take.
      case slack
    }

    /// Where to.
    public var url: Secret
    /// What the header `Authorization: Bearer` says.
    public var token: Secret?
    /// What is posted.
    public var format = Format.cloudevents
    /// Seconds that one POST may take.
    public var timeoutSeconds = 5.0

    /// An endpoint.
    public init(url: Secret) { self.url = url }
  }

  /// A value that may be a secret: read when it is used, shown as where it comes from.
  public enum Secret: Sendable, Equatable {
    /// Written down as it is; only URLs are.
    case plain(String)
    /// In the environment variable of that name.
    case environment(String)
    /// In a file, alone but for blanks around it; a relative path is below the coordination directory.
    case file(String)
  }
}
