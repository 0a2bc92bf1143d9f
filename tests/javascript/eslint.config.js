import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
      "no-var": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  // Run by the Browser library in its own process.
  { files: ["**/libraries/realstack/browser/*.js"], languageOptions: { sourceType: "commonjs", globals: globals.node } },
  { files: ["**/tests/peers/**/*.mjs"], languageOptions: { globals: globals.node } },
];
