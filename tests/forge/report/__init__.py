"""What a run leaves behind: JSON lines, JUnit, a summary, and Playwright's own HTML report."""
