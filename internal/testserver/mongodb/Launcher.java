import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/**
 * Serves an empty store in memory on the port of the first argument of the loopback. It says that it is MongoDB 4.4, the
 * oldest that the driver speaks to; of what is newer than 4.2 the connector uses nothing.
 */
class Launcher {
    static final class Version implements MongoVersion {
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        public int getWireVersion() {
            return 9;
        }
    }

    public static void main(String[] arguments) {
        new MongoServer(new MemoryBackend().version(new Version())).bind("127.0.0.1", Integer.parseInt(arguments[0]));
    }
}
