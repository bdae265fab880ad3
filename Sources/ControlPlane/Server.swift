import Hummingbird
import HummingbirdTLS
import ServiceLifecycle

