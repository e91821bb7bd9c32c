// What the browser extension uses of the browser's own interface for extensions, and what its scripts share in a page.

declare namespace chrome {
  interface Tab {
    id?: number;
    url?: string;
  }
  interface Listeners<F> {
    addListener(listener: F): void;
  }
  const runtime: {
    id: string;
    getManifest(): { homepage_url?: string };
    sendMessage(message: unknown): Promise<void>;
    onMessage: Listeners<(message: any, sender: { id?: string }) => void>;
  };
  const action: { onClicked: Listeners<(tab: Tab) => void> };
  const tabs: { create(given: { url: string }): Promise<Tab> };
  const scripting: {
    executeScript(given: {
      target: { tabId: number };
      files?: string[];
      func?: (given: any) => unknown;
      args?: unknown[];
    }): Promise<{ result: any }[]>;
  };
}

interface Quhao {
  documents(): Document[];
  tell(said: { tone: string; zh: string; en: string }): void;
  fill(inputs: { field: string; selector: string; values: string[] }[]): { filled: string[]; gone: string[]; refused: string[] };
  map(known: any): void;
}

declare var quhao: Quhao;
