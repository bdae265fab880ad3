import ClusterSim
import Coordination
import DSLBase

/// The files beside a study: `FILE.files/artifacts`, laid out as Optuna's `FileSystemArtifactStore` does it, and in `FILE.files` what trials
/// learned. The same places that `python/resonetics/trials.py` uses.
struct StudyArtifacts {
  /// The longest table that is compared with a new one.
  private static let limit = 256 << 20

  private let files: any FileSystem
  private let folder: String

  init(_ study: String, _ files: any FileSystem) { (folder, self.files) = (study + ".files", files) }

  private var store: String { folder + "/artifacts" }

  /// Makes the directories, and takes away what writers left that were killed.
  ///
  /// - Parameter now: nobody else may be at work on the study.
  /// - Throws: ``DSLError`` that names the directory that cannot be made.
  func prepare(at now: Timestamp) throws(DSLError) {
    for directory in [folder, store] {
      do throws(FileError) {
        try AtomicFile.makeDirectory(files, directory)
      } catch {
        throw error.asDSLError
      }
      _ = try AtomicFile.removeLeftovers(files, directory, unchangedSince: now)
    }
  }

  /// Writes what a trial learned, durably.
  func keep(_ name: String, _ content: [UInt8]) throws(DSLError) {
    try AtomicFile.commit(files, "\(folder)/\(name)", content)
  }

  /// Writes what is to be attached, durably: an attribute must never name a file that is not there.
  func put(_ attachments: [StudyAttachment]) throws(DSLError) {
    try AtomicFile.commitAll(files, store, attachments.map { ($0.id, $0.content) })
  }

  /// Whether the file of an attachment has its content.
  func holds(_ attachment: StudyAttachment) -> Bool {
    (try? files.read("\(store)/\(attachment.id)", limit: Self.limit)) == attachment.content
  }
}
