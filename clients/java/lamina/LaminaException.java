package lamina;

/** What the library says went wrong. */
public final class LaminaException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final String kind;

  public LaminaException(String kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** "value", "type", "io", ... */
  public String kind() {
    return kind;
  }
}
