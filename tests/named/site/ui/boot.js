// Cookies of the statistics that every page of the site has.
"use strict";
(() => {
  const has = (name) => document.cookie.split("; ").some((one) => one.startsWith(`${name}=`));
  const put = (name, more) => {
    if (!has(name)) {
      const value = btoa(String(Math.random())).replaceAll("=", "");
      document.cookie = `${name}=${value}; path=/; max-age=2592000; secure${more}`;
    }
  };
  put("cna", "; domain=.qwen.ai");
  put("isg", "; domain=.qwen.ai; samesite=lax");
  put("tfstk", "");
})();
